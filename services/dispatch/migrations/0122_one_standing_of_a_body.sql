CREATE UNIQUE INDEX orders_one_standing_of_a_body ON orders (tenant_id, case_id, round, body, role) WHERE stands;
