/** Schema 27: answers that nobody owes any more, because somebody said so. */
export const waived = `
ALTER TABLE ask ADD COLUMN waived_at INTEGER;
`;
