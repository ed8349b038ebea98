import { django } from "./providers/django.js";
import { runInterop } from "./run.js";

runInterop(django);
