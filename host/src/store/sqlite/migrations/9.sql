-- When a poller that failed is tried again, where that is its own matter.

ALTER TABLE pollers ADD COLUMN retry INTEGER;
