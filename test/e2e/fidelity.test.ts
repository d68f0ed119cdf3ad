/** The real operator against the documented facts, which its twin is held to as well (docs/fidelity.md). */
import { testAgainstFacts } from './fidelity/against-facts.ts';

testAgainstFacts('facts');
