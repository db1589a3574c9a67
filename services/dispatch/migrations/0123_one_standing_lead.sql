CREATE UNIQUE INDEX orders_one_standing_lead ON orders (tenant_id, case_id, round) WHERE stands AND role = 'lead';
