DROP TABLE seals;
DROP TABLE accounts;
DROP TABLE transfers;
