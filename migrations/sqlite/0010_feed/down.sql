DELETE FROM sqlite_stat1 WHERE tbl IN ('changes', 'notifications');
DROP TABLE notifications;
DROP INDEX changes_at;
DROP INDEX changes_actor;
DROP INDEX changes_request;
