// Vega with an interpreter of its expressions: the page's policy lets nothing be evaluated.
import embed from 'vega-embed';
import {expressionInterpreter} from 'vega-interpreter';

export {embed, expressionInterpreter};
