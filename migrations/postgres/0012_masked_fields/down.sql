ALTER TABLE pools DROP COLUMN masks_address;
ALTER TABLE pools DROP COLUMN masks_email;
ALTER TABLE pools DROP COLUMN masks_phones;
