// Files from this machine to the studio's folder.

/** Send a file; gives what the server says, {path}, or throws Error with its words. */
export function upload(file, kind, onprogress = () => {}) {
  const request = new XMLHttpRequest(); // fetch tells no progress
  const query = new URLSearchParams({ kind, name: file.name ?? `${kind}.png` });
  return new Promise((resolve, reject) => {
    request.upload.onprogress = ({ loaded, total }) => onprogress(total ? loaded / total : 0);
    request.onload = () => {
      const body = request.response ?? { message: `${request.status} ${request.statusText}` };
      if (request.status < 300) resolve(body);
      else reject(new Error(body.message));
    };
    request.onerror = () => reject(new Error(`${file.name ?? "The file"} was not sent: the studio does not answer, or refused it`));
    request.responseType = "json";
    request.open("POST", `api/uploads?${query}`);
    request.send(file);
  });
}

/** Address of a picture in the studio's folder; null for what a browser does not show. */
export function addressOf(path) {
  const [, name] = /[/\\]uploads[/\\]([^/\\]+\.(?:jpe?g|png|gif|webp|avif|bmp))$/i.exec(path ?? "") ?? [];
  return name ? `uploads/${encodeURIComponent(name)}` : null;
}

/** File name of a path, as it was before it was sent. */
export const nameOf = (path) => (path ?? "").split(/[/\\]/).pop().replace(/^[0-9a-f]{12}-/, "");
