/**
 * Importing this module readies the engine for fork, see `engine.ts`. Every entry point that forks imports it first.
 *
 * @module
 */
import { ensureEngine } from "./engine.ts";

ensureEngine();
