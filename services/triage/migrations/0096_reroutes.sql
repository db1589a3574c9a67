-- Cases that were re-routed while bodies had them (ADR 065): what was asked, by whom, at which desk, and what stood before. The case
-- has the explanations of now; these rows keep the earlier ones, byte for byte. `version` is the case's, at which it was said.
-- `report_id` is that of its first voice: where the item was corrected it is a labelled example (`labelled`), in place of what
-- a review had decided about the same report. `refused`: dispatch said that it came too late, and bodies have what they had.
CREATE TABLE reroutes (
    tenant_id               bigint NOT NULL,
    case_id                 uuid NOT NULL,
    version                 bigint NOT NULL CHECK (version >= 3),
    report_id               uuid NOT NULL,
    -- What was wanted, as JSON: the same again gets the same answer.
    asked_as                text NOT NULL,
    item                    text NOT NULL,
    labelled                boolean NOT NULL,
    item_before             text NOT NULL,
    lon_before              double precision NOT NULL,
    lat_before              double precision NOT NULL,
    datum_before            text NOT NULL CHECK (datum_before IN ('wgs84', 'gcj02', 'bd09')),
    address_before          text NOT NULL,
    bodies_before           text[] NOT NULL,
    item_explanation_before bytea NOT NULL,
    plan_explanation_before bytea NOT NULL,
    plan_review_before      bytea,
    desk                    text NOT NULL CHECK (desk IN ('street', 'district')),
    rerouted_by             text NOT NULL,
    rerouted_at             timestamptz NOT NULL,
    note                    text NOT NULL,
    refused                 boolean NOT NULL DEFAULT false,
    PRIMARY KEY (tenant_id, case_id, version),
    FOREIGN KEY (tenant_id, case_id) REFERENCES cases (tenant_id, case_id)
);
-- Which word on a report is the last: it may have been the first voice of several cases, one after the other.
CREATE INDEX reroutes_labelled ON reroutes (tenant_id, report_id, rerouted_at, case_id, version) WHERE labelled;
SELECT tenant_table('reroutes', 'SELECT, INSERT, UPDATE (refused)');
