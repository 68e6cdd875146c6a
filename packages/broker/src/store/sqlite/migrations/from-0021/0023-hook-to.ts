/** Schema 23: an index that nothing was found along is given up. Agents' rows are never deleted, so that no foreign key asks it either. */
export const hookTo = `
DROP INDEX hook_to;
`;
