import { describeMover } from '../contracts/mover.ts';
import { createResticWorld } from './restic-world.ts';

describeMover('restic', () => createResticWorld());
