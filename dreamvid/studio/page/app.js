import { studio } from "./studio.js";

const canvas = document.querySelector("#c");
studio.addEventListener("picture", async ({ detail }) => {
  const bitmap = await createImageBitmap(detail.blob);
  canvas.width = bitmap.width;
  canvas.height = bitmap.height;
  canvas.getContext("2d").drawImage(bitmap, 0, 0);
  bitmap.close();
  studio.ready();
});
studio.addEventListener("status", () => (document.querySelector("#s").textContent = JSON.stringify(studio.status)));
document.querySelector("#play").onclick = () => studio.send("play");
