"use strict";

const place = document.getElementById("description");
SwaggerUIBundle({
  url: place.dataset.schema,
  domNode: place,
  deepLinking: true,
  displayRequestDuration: true,
  // Of no use without the network, which this page never asks.
  validatorUrl: null,
});
