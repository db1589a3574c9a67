-- Whose centre gave a matter from above: street or district; nothing of what somebody reported.
ALTER TABLE reports ADD COLUMN assigned_by text CHECK (assigned_by IN ('street', 'district'));
