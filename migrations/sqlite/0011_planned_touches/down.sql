DROP TABLE planned_touches;
DELETE FROM sqlite_stat1 WHERE tbl = 'planned_touches';
