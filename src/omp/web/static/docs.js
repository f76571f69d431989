"use strict";
// The API's reference; the schema's address stands in the page.
const main = document.getElementById("swagger");
window.SwaggerUIBundle({
  url: main.dataset.schema,
  domNode: main,
  deepLinking: false,
  defaultModelsExpandDepth: 0,
  validatorUrl: null,
});
