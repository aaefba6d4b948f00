DROP TABLE customer_events;
DROP TABLE touch_record_contacts;
DROP TABLE touch_records;
DROP TABLE stage_moves;
DROP TABLE opportunities;
DROP TABLE stages;
DROP TABLE pipelines;
