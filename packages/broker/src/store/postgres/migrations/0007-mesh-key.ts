/** Schema 7: which mesh key is that of this mesh, known by its hash. */
export const meshKeys = `
-- Undefined until the first broker with a key has come.
ALTER TABLE mesh ADD COLUMN key_hash TEXT COLLATE "C";
`;
