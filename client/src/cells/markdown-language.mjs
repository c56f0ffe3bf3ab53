// How a markdown cell's source is coloured and indented: loaded when the first one is edited.
export {markdown} from '@codemirror/lang-markdown';
export {parser} from '@lezer/markdown';
