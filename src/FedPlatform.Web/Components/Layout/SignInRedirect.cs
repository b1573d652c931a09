using Microsoft.AspNetCore.Components;

namespace FedPlatform.Web.Components.Layout;

/// <summary>Sends a visitor whose session ended in an open tab to the sign-in page, and back afterwards.</summary>
public sealed class SignInRedirect : ComponentBase
{
    [Inject]
    private NavigationManager Navigation { get; set; } = default!;

    protected override void OnInitialized() =>
        Navigation.NavigateTo($"/sign-in?returnUrl={Uri.EscapeDataString("/" + Navigation.ToBaseRelativePath(Navigation.Uri))}", forceLoad: true);
}
