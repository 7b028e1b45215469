DROP TABLE deliveries;
DROP TABLE newsletters;
DROP TABLE segments;
DROP TABLE suppressions;
DROP TABLE subscriptions;
DROP TABLE lists;
DROP TABLE subscribers;
