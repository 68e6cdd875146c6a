/** Schema 2: the delay of a delivery that a webhook failed with keeps it from that webhook alone. */
export const webhookDelay = `
ALTER TABLE delivery ADD COLUMN delayed TEXT NOT NULL DEFAULT 'everybody' CHECK (delayed IN ('everybody', 'webhook'));
`;
