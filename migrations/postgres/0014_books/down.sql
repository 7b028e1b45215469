DROP TABLE book_days;
DROP TABLE book_page_sums;
DROP TABLE book_sums;
DROP TABLE book_positions;
