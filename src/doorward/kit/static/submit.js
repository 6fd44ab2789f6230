// Send the form that the page is there for.
document.querySelector("form[data-submit]").submit();
