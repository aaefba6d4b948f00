DROP TABLE notifications;
DROP INDEX changes_at;
DROP INDEX changes_actor;
DROP INDEX changes_request;
