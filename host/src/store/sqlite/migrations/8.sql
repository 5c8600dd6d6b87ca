-- Instances that brought tokens of their own.

ALTER TABLE instances ADD COLUMN external INTEGER NOT NULL DEFAULT 0;
