using System.Globalization;
using System.Security.Claims;
using System.Text.Encodings.Web;
using FedPlatform.Data;
using Microsoft.AspNetCore.Authentication;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace FedPlatform.Web.Identity;

/// <summary>Bearer by a lease's token: a run's process, for its own run and for as long as it holds it.</summary>
public sealed class LeaseAuthentication(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder, IDbContextFactory<PlatformContext> contexts)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    public const string SchemeName = "Lease";
    public const string RunClaim = "fedplatform:run";
    public const string EpochClaim = "fedplatform:epoch";

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (TokenAuthentication.Bearer(Request) is not { Length: > 0 } token)
        {
            return AuthenticateResult.NoResult();
        }

        var hash = Secrets.Hash(token);
        await using var db = await contexts.CreateDbContextAsync(Context.RequestAborted);
        var run = await db.Runs.AsNoTracking().Where(r => r.LeaseTokenHash == hash).Select(r => new { r.Id, r.LeaseEpoch }).FirstOrDefaultAsync(Context.RequestAborted);
        if (run is null)
        {
            return AuthenticateResult.Fail("The lease has ended.");
        }

        var identity = new ClaimsIdentity(
            [new Claim(RunClaim, run.Id.ToString()), new Claim(EpochClaim, run.LeaseEpoch.ToString(CultureInfo.InvariantCulture))], SchemeName);
        return AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(identity), SchemeName));
    }
}
