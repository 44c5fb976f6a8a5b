import { codeOf } from '../api/errors.js';
import controls from '../ui/controls.module.css';
import { Problem } from '../ui/problem.js';
import { words } from '../words.js';

/** Why an order was not kept. */
export function OrderProblem({ error }: { readonly error: unknown }) {
  if (codeOf(error) !== 'CONFLICT') return <Problem error={error} />;
  return (
    <div role="alert" className={controls.problem}>
      <p>{words.course.orderConflict}</p>
    </div>
  );
}
