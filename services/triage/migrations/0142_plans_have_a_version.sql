-- Which of the plans drawn for its case an entry shows, from 1: whoever decides may insist on the one they saw. Voices that
-- join and passes from desk to desk leave the plan as it is.
ALTER TABLE plan_reviews ADD COLUMN version bigint NOT NULL DEFAULT 1;
