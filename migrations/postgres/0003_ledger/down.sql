DROP TABLE seals;
DROP TABLE accounts;
DROP TABLE transfers;
DROP FUNCTION refuse_change();
