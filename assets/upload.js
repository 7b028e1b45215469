// Shows the chosen photo, lets its square be moved (pointer, keys, slider) and makes it smaller before it is sent. The form
// works without it: the server cuts the middle. Nothing is read but the file that was chosen.
(() => {
  const WHOLE = 10000; // crops are counted in basis points, as the server counts them
  const LONGEST = 2560; // pixels: twice what is shown
  const FRAME = 320;

  const tool = (field) => {
    const input = field.querySelector("input[type=file]");
    const crop = field.querySelector("input[name=photo_crop]");
    const square = field.hasAttribute("data-square");
    let picture = null;
    let place = { x: WHOLE / 2, y: WHOLE / 2, side: WHOLE };

    const box = document.createElement("div");
    box.className = "photo-cut";
    box.hidden = true;
    const canvas = document.createElement("canvas");
    const zoom = document.createElement("input");
    const say = document.createElement("p");
    say.className = "fine";
    say.setAttribute("role", "status");
    box.append(canvas);
    if (square) {
      canvas.tabIndex = 0;
      canvas.setAttribute("role", "group");
      canvas.setAttribute("aria-label", "The square that will be shown. Move the photo with the arrow keys, or drag it; plus and minus change its size.");
      const label = document.createElement("label");
      label.className = "photo-zoom";
      label.append("Closer ");
      zoom.type = "range";
      zoom.min = "0";
      zoom.max = "75";
      zoom.value = "0";
      label.append(zoom);
      box.append(label);
    }
    box.append(say);
    input.closest(".field").append(box);

    const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
    // The square's middle stays where the whole square is inside the picture.
    const settle = () => {
      const shorter = Math.min(picture.width, picture.height);
      const half = (place.side / 2) * shorter;
      const [wide, high] = [half / picture.width, half / picture.height];
      place.x = Math.round(clamp(place.x, wide, WHOLE - wide));
      place.y = Math.round(clamp(place.y, high, WHOLE - high));
      if (square) crop.value = [place.x, place.y, place.side].join(",");
    };
    const draw = () => {
      const pen = canvas.getContext("2d");
      if (!square) {
        const scale = Math.min(1, FRAME / picture.width, FRAME / picture.height);
        canvas.width = Math.round(picture.width * scale);
        canvas.height = Math.round(picture.height * scale);
        pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
        return;
      }
      settle();
      canvas.width = canvas.height = FRAME;
      const side = (Math.min(picture.width, picture.height) * place.side) / WHOLE;
      const left = (picture.width * place.x) / WHOLE - side / 2;
      const top = (picture.height * place.y) / WHOLE - side / 2;
      pen.drawImage(picture, left, top, side, side, 0, 0, FRAME, FRAME);
    };
    // Moves by pixels of the frame.
    const move = (dx, dy) => {
      const side = (Math.min(picture.width, picture.height) * place.side) / WHOLE;
      const shown = canvas.getBoundingClientRect().width || FRAME;
      place.x -= ((dx / shown) * side * WHOLE) / picture.width;
      place.y -= ((dy / shown) * side * WHOLE) / picture.height;
      draw();
    };
    const closer = (percent) => {
      zoom.value = String(clamp(percent, 0, 75));
      place.side = WHOLE - Number(zoom.value) * 100;
      draw();
    };

    if (square) {
      let from = null;
      canvas.addEventListener("pointerdown", (event) => {
        from = [event.clientX, event.clientY];
        canvas.setPointerCapture(event.pointerId);
      });
      canvas.addEventListener("pointermove", (event) => {
        if (!from || !picture) return;
        move(event.clientX - from[0], event.clientY - from[1]);
        from = [event.clientX, event.clientY];
      });
      for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => { from = null; });
      canvas.addEventListener("keydown", (event) => {
        const step = event.shiftKey ? 40 : 10;
        const ways = { ArrowLeft: [step, 0], ArrowRight: [-step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] };
        if (!picture) return;
        if (ways[event.key]) move(...ways[event.key]);
        else if (event.key === "+" || event.key === "=") closer(Number(zoom.value) + 5);
        else if (event.key === "-") closer(Number(zoom.value) - 5);
        else return;
        event.preventDefault();
      });
      zoom.addEventListener("input", () => { if (picture) closer(Number(zoom.value)); });
    }

    // Puts a smaller picture into the field in place of the chosen one.
    const shrink = async (file) => {
      const scale = Math.min(1, LONGEST / Math.max(picture.width, picture.height));
      if (scale === 1 && file.size < 1500000) return;
      const small = document.createElement("canvas");
      small.width = Math.round(picture.width * scale);
      small.height = Math.round(picture.height * scale);
      const pen = small.getContext("2d");
      pen.fillStyle = "#fff";
      pen.fillRect(0, 0, small.width, small.height);
      pen.drawImage(picture, 0, 0, small.width, small.height);
      const blob = await new Promise((done) => small.toBlob(done, "image/jpeg", 0.9));
      if (!blob || blob.size >= file.size || input.files[0] !== file) return;
      const files = new DataTransfer();
      files.items.add(new File([blob], "photo.jpg", { type: "image/jpeg" }));
      input.files = files.files;
    };

    const show = async () => {
      const file = input.files[0];
      picture = null;
      box.hidden = true;
      crop.value = "";
      if (!file) return;
      try {
        picture = await createImageBitmap(file, { imageOrientation: "from-image" });
      } catch {
        // A kind that this browser cannot read: the server says what it thinks of it.
        return;
      }
      place = { x: WHOLE / 2, y: WHOLE / 2, side: WHOLE };
      zoom.value = "0";
      box.hidden = false;
      say.textContent = square ? "Drag the photo until the square is right." : "This photo will be sent.";
      draw();
      try {
        await shrink(file);
      } catch {
        // Then it goes as it is.
      }
    };
    input.addEventListener("change", show);
    if (input.files.length) show();
  };

  document.querySelectorAll("[data-photo]").forEach(tool);
})();
