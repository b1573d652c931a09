namespace FedPlatform.Web.Identity.Pages;

/// <summary>The hidden field that proves that a form came from here.</summary>
public sealed record AntiforgeryField(string Name, string Value);
