using FedPlatform.Data.Identity;
using FedPlatform.Web.Identity.Pages;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Mvc;

namespace FedPlatform.Web.Identity;

/// <summary>Sign-in, set-up and sign-out: plain HTML forms with antiforgery, no circuit.</summary>
internal static class SignInEndpoints
{
    public const string RateLimit = "sign-in";
    private const string WrongAnswer = "The e-mail address or the password is wrong, or there were too many tries. Wait a few minutes before trying again.";

    /// <summary>Verified against when there is no such user, so that both answers take as long.</summary>
    private static readonly Lazy<string> NobodysHash = new(() => new PasswordHasher<User>().HashPassword(new User(), Guid.NewGuid().ToString()));

    public static void MapSignIn(this IEndpointRouteBuilder endpoints)
    {
        var pages = endpoints.MapGroup("").AllowAnonymous().ExcludeFromDescription();
        foreach (var path in (string[])["/sign-in", "/login"])
        {
            pages.MapGet(path, ShowSignIn);
            pages.MapPost(path, SignIn).RequireRateLimiting(RateLimit);
        }

        pages.MapGet("/setup", ShowSetup);
        pages.MapPost("/setup", SetUp).RequireRateLimiting(RateLimit);
        foreach (var path in (string[])["/sign-out", "/logout"])
        {
            pages.MapPost(path, SignOut);
        }
    }

    private static async Task<IResult> ShowSignIn(HttpContext context, Accounts accounts, IAntiforgery antiforgery, string? returnUrl, CancellationToken cancellationToken) =>
        await accounts.AnyUser(cancellationToken) ? SignInPage(context, antiforgery, Local(returnUrl), "", null) : Results.Redirect("/setup");

    private static async Task<IResult> SignIn(
        HttpContext context, SignInManager<User> signIn, UserManager<User> users, IAntiforgery antiforgery, [FromForm] SignInForm form)
    {
        var email = form.Email?.Trim() ?? "";
        var password = form.Password ?? "";
        if (await users.FindByEmailAsync(email) is not { } user)
        {
            new PasswordHasher<User>().VerifyHashedPassword(new User(), NobodysHash.Value, password);
            return SignInPage(context, antiforgery, Local(form.ReturnUrl), email, WrongAnswer);
        }

        var result = await signIn.PasswordSignInAsync(user, password, isPersistent: form.Remember, lockoutOnFailure: true);
        return result.Succeeded ? Results.LocalRedirect(Local(form.ReturnUrl)) : SignInPage(context, antiforgery, Local(form.ReturnUrl), email, WrongAnswer);
    }

    private static async Task<IResult> ShowSetup(HttpContext context, Accounts accounts, IAntiforgery antiforgery, string? code, CancellationToken cancellationToken) =>
        await accounts.AnyUser(cancellationToken) ? Results.Redirect("/sign-in") : SetupPage(context, antiforgery, code ?? "", "", "My team", []);

    private static async Task<IResult> SetUp(
        HttpContext context, Accounts accounts, SignInManager<User> signIn, SetupCode setup, IAntiforgery antiforgery, [FromForm] SetupForm form, CancellationToken cancellationToken)
    {
        if (await accounts.AnyUser(cancellationToken))
        {
            return Results.Redirect("/sign-in");
        }

        var (email, team) = (form.Email?.Trim() ?? "", string.IsNullOrWhiteSpace(form.Team) ? "My team" : form.Team.Trim());
        if (!setup.Matches(form.Code))
        {
            return SetupPage(context, antiforgery, "", email, team, ["The set-up code is wrong. The server prints it when it starts."]);
        }

        if (!System.Net.Mail.MailAddress.TryCreate(email, out _))
        {
            return SetupPage(context, antiforgery, form.Code!, email, team, ["An e-mail address is needed; it is the name you sign in with."]);
        }

        var (owner, problems) = await accounts.CreateOwner(email, form.Password ?? "", team, checkPassword: true, cancellationToken);
        if (owner is null)
        {
            return SetupPage(context, antiforgery, form.Code!, email, team, problems);
        }

        await signIn.SignInAsync(owner, isPersistent: true);
        return Results.LocalRedirect("/");
    }

    private static async Task<IResult> SignOut(SignInManager<User> signIn, IAntiforgery antiforgery, HttpContext context)
    {
        await antiforgery.ValidateRequestAsync(context);
        await signIn.SignOutAsync();
        return Results.LocalRedirect("/sign-in");
    }

    private static RazorComponentResult<SignIn> SignInPage(HttpContext context, IAntiforgery antiforgery, string returnUrl, string email, string? error) =>
        new(new { Token = Field(context, antiforgery), ReturnUrl = returnUrl, Email = email, Error = error })
        {
            StatusCode = error is null ? StatusCodes.Status200OK : StatusCodes.Status400BadRequest,
        };

    private static RazorComponentResult<Setup> SetupPage(
        HttpContext context, IAntiforgery antiforgery, string code, string email, string team, IReadOnlyList<string> problems) =>
        new(new { Token = Field(context, antiforgery), Code = code, Email = email, Team = team, Problems = problems })
        {
            StatusCode = problems.Count == 0 ? StatusCodes.Status200OK : StatusCodes.Status400BadRequest,
        };

    private static AntiforgeryField Field(HttpContext context, IAntiforgery antiforgery)
    {
        var tokens = antiforgery.GetAndStoreTokens(context);
        return new AntiforgeryField(tokens.FormFieldName, tokens.RequestToken ?? "");
    }

    /// <summary>Only a path of this server is returned to.</summary>
    private static string Local(string? url) =>
        url is { Length: > 0 } && url[0] == '/' && (url.Length == 1 || (url[1] != '/' && url[1] != '\\')) ? url : "/";
}

internal sealed record SignInForm
{
    public string? Email { get; init; }
    public string? Password { get; init; }
    public bool Remember { get; init; }
    public string? ReturnUrl { get; init; }
}

internal sealed record SetupForm
{
    public string? Code { get; init; }
    public string? Email { get; init; }
    public string? Password { get; init; }
    public string? Team { get; init; }
}
