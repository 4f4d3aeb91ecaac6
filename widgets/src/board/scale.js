// Where the tones of a plot lie on the sequential scale. The build copies this, with the colours of a light
// page, into rao_lab/views/static/tones.json, for the board without JavaScript.

/** The faintest that stands alone, the strongest, the faintest that has an edge, that of a series alone. */
export const PLACES = { faintest: 0.52, strongest: 1, pale: 0.2, alone: 0.8 };
/** px of half a column from which on it has room for edges, and for a line between two parts. */
export const EDGED = { edge: 1.5, line: 3 };
