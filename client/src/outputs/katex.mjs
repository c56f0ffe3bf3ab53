// KaTeX, and the address that its style sheet stands beside.
import katex from 'katex';

export {katex};
export const address = import.meta.url;
