"use strict";
// The API's reference; the schema's address stands in the page.
const box = document.getElementById("swagger");
window.SwaggerUIBundle({
  url: box.dataset.schema,
  domNode: box,
  deepLinking: false,
  defaultModelsExpandDepth: 0,
  validatorUrl: null,
});
