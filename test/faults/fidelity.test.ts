/** The twins against the documented facts (docs/fidelity.md). */
import { testAgainstFacts } from '../e2e/fidelity/against-facts.ts';

testAgainstFacts('facts');
