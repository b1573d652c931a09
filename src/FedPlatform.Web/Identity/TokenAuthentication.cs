using System.Security.Claims;
using System.Text.Encodings.Web;
using FedPlatform.Data;
using FedPlatform.Web.Persistence;
using Microsoft.AspNetCore.Authentication;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace FedPlatform.Web.Identity;

/// <summary>
/// Bearer by a personal access token, for the API and the run hub. A cookie means nothing here, and a token nothing to pages.
/// </summary>
public sealed class TokenAuthentication(
    IOptionsMonitor<AuthenticationSchemeOptions> options,
    ILoggerFactory logger,
    UrlEncoder encoder,
    IDbContextFactory<PlatformContext> contexts,
    DatabaseWriter writer,
    TimeProvider time)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    public const string SchemeName = "Token";
    public const string TeamClaim = "fedplatform:team";

    private static readonly TimeSpan UseNoted = TimeSpan.FromMinutes(5);

    /// <summary>The bearer token of a request; of a WebSocket from a browser also <c>?access_token=</c>, on hubs only.</summary>
    internal static string? Bearer(HttpRequest request)
    {
        var header = request.Headers.Authorization.ToString();
        if (header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase))
        {
            return header["Bearer ".Length..].Trim();
        }

        return request.Path.StartsWithSegments("/hubs", StringComparison.Ordinal) ? request.Query["access_token"].FirstOrDefault() : null;
    }

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (Bearer(Request) is not { Length: > 0 } token)
        {
            return AuthenticateResult.NoResult();
        }

        var hash = Secrets.Hash(token);
        var now = time.GetUtcNow();
        await using var db = await contexts.CreateDbContextAsync(Context.RequestAborted);
        var row = await db.ApiTokens.AsNoTracking().FirstOrDefaultAsync(t => t.Hash == hash, Context.RequestAborted);
        if (row is null || row.RevokedAt is not null || row.ExpiresAt <= now)
        {
            return AuthenticateResult.Fail("The token is unknown, revoked or expired.");
        }

        if (row.LastUsedAt is null || now - row.LastUsedAt > UseNoted)
        {
            await writer.Write(
                scope => scope.Db.ApiTokens.Where(t => t.Id == row.Id).ExecuteUpdateAsync(s => s.SetProperty(t => t.LastUsedAt, now)), CancellationToken.None);
        }

        var identity = new ClaimsIdentity(
            [new Claim(ClaimTypes.NameIdentifier, row.UserId.ToString()), new Claim(TeamClaim, row.TeamId.ToString())], SchemeName);
        var properties = new AuthenticationProperties { ExpiresUtc = row.ExpiresAt };
        return AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(identity), properties, SchemeName));
    }

    protected override Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        Response.StatusCode = StatusCodes.Status401Unauthorized;
        Response.Headers.WWWAuthenticate = "Bearer";
        return Task.CompletedTask;
    }
}
