// data-copy="text": copies it and says so.
import { on, say } from "./page.js";
import { toast } from "./toasts.js";

on("click", "[data-copy]", async (_event, button) => {
  await navigator.clipboard.writeText(button.dataset.copy);
  toast({ message: say("copied") });
});
