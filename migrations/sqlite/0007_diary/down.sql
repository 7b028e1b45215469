DROP TABLE day_sponsors;
DROP TABLE tallies;
DROP TABLE conversations;
DROP TABLE diary_entries;
