DROP TABLE planned_touches;
