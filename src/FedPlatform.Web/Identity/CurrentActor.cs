using System.Security.Claims;
using FedPlatform.Data;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.EntityFrameworkCore;

namespace FedPlatform.Web.Identity;

/// <summary>
/// The actor of a scope. Endpoints of the API and hubs name their principal with <see cref="Use"/>; a page's circuit has its
/// own. The two never mix: once a principal is named, the circuit's is not looked at.
/// </summary>
public sealed class CurrentActor(IServiceProvider services, IDbContextFactory<PlatformContext> contexts) : ICurrentActor
{
    private ClaimsPrincipal? _principal;

    public void Use(ClaimsPrincipal principal) => _principal = principal;

    public async Task<Actor> Get(CancellationToken cancellationToken)
    {
        var principal = _principal ?? await OfCircuit();
        if (principal.Identity?.IsAuthenticated != true || !Guid.TryParse(principal.FindFirstValue(ClaimTypes.NameIdentifier), out var userId))
        {
            throw new UnauthorizedAccessException("Nobody is signed in.");
        }

        // A token is bound to its team; a session acts for the first team of its user.
        var team = Guid.TryParse(principal.FindFirstValue(TokenAuthentication.TeamClaim), out var bound) ? bound : (Guid?)null;
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var found = await (
            from m in db.Memberships.AsNoTracking()
            where m.UserId == userId && (team == null || m.TeamId == team)
            join u in db.Users.AsNoTracking() on m.UserId equals u.Id
            join t in db.Teams.AsNoTracking() on m.TeamId equals t.Id
            orderby m.JoinedAt
            select new { u.DisplayName, u.Email, TeamId = t.Id, t.Name, m.Role }).FirstOrDefaultAsync(cancellationToken);
        return found is null
            ? throw new UnauthorizedAccessException("The account belongs to no team.")
            : new Actor(userId, found.DisplayName.Length > 0 ? found.DisplayName : found.Email ?? "", found.TeamId, found.Name, (TeamRole)found.Role);
    }

    private async Task<ClaimsPrincipal> OfCircuit()
    {
        try
        {
            var provider = services.GetRequiredService<AuthenticationStateProvider>();
            return (await provider.GetAuthenticationStateAsync()).User;
        }
        catch (InvalidOperationException)
        {
            // Outside a circuit, and no endpoint has named a principal.
            return new ClaimsPrincipal(new ClaimsIdentity());
        }
    }
}
