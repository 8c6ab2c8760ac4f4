/**
 * Makes the functions and classes of the bundle's scope constants, where they stand:
 *
 *   function reach(state, row) {...}      ->  const reach = function reach(state, row) {...};
 *   var Writer = class {...};             ->  const Writer = class {...};
 *
 * What is declared may be assigned anew, so V8 reads it from the scope and compares it with what it compiled in,
 * at each call, inlined or not: 6 % of the instructions of a command (`npm run bench -- core`).
 *
 * A function that is named before its place while the module is evaluated stays a declaration. One that is
 * only called by such a one is not seen here: whoever builds loads the bundle, which then fails.
 */
import { parseAst } from 'rolldown/parseAst';

const FUNCTIONS = /^(?:Function(?:Declaration|Expression)|ArrowFunctionExpression)$/;

/** @param {string} code of a module @returns the same with constants */
export function withConstantFunctions(code) {
  const edits = [];
  const named = new Set();
  for (const statement of parseAst(code).body) {
    if (statement.type === 'FunctionDeclaration') {
      if (named.has(statement.id.name)) continue;
      edits.push({ at: statement.start, text: `const ${statement.id.name} = ` });
      edits.push({ at: statement.end, text: ';' });
    } else {
      if (isClass(statement)) edits.push({ at: statement.start, remove: 'var', text: 'const' });
      addNames(statement, named);
    }
  }
  let from = 0;
  const parts = [];
  for (const { at, remove = '', text } of edits) {
    parts.push(code.slice(from, at), text);
    from = at + remove.length;
  }
  return [...parts, code.slice(from)].join('');
}

function isClass({ type, kind, declarations }) {
  return (
    type === 'VariableDeclaration' &&
    kind === 'var' &&
    declarations.length === 1 &&
    declarations[0].init?.type === 'ClassExpression'
  );
}

/** Adds what is named when a statement is evaluated: not what stands in a function, no name of a field. */
function addNames(node, names) {
  if (Array.isArray(node)) for (const each of node) addNames(each, names);
  else if (node === null || typeof node !== 'object' || FUNCTIONS.test(node.type)) return;
  else if (node.type === 'Identifier') names.add(node.name);
  else {
    for (const [field, each] of Object.entries(node)) {
      const isName = field === 'key' || (field === 'property' && node.type === 'MemberExpression');
      if (!isName || node.computed) addNames(each, names);
    }
  }
}
