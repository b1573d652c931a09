using FedPlatform.Data;
using FedPlatform.Data.Identity;
using FedPlatform.Web.Persistence;
using Microsoft.EntityFrameworkCore;

namespace FedPlatform.Web.Identity;

public sealed class TokenService(ICurrentActor actors, IDbContextFactory<PlatformContext> contexts, DatabaseWriter writer) : ITokenService
{
    private const int LongestName = 100;

    public async Task<IReadOnlyList<TokenInfo>> List(CancellationToken cancellationToken)
    {
        var actor = await actors.Get(cancellationToken);
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var tokens = await db.ApiTokens.AsNoTracking().Where(t => t.UserId == actor.UserId && t.TeamId == actor.TeamId && t.RevokedAt == null)
            .OrderByDescending(t => t.CreatedAt).ToListAsync(cancellationToken);
        return [.. tokens.Select(Info)];
    }

    public async Task<NewToken> Create(string name, DateTimeOffset? expiresAt, CancellationToken cancellationToken)
    {
        var trimmed = name.Trim();
        if (trimmed.Length is 0 or > LongestName)
        {
            throw new ArgumentException($"A token's name has 1 to {LongestName} characters.", nameof(name));
        }

        var actor = await actors.Get(cancellationToken);
        var secret = Secrets.New("fp");
        var row = await writer.Write(scope => Task.FromResult(Add(scope, actor.UserId, actor.TeamId, trimmed, secret, expiresAt)), cancellationToken);
        return new NewToken(Info(row), secret);
    }

    public async Task<bool> Revoke(Guid id, CancellationToken cancellationToken)
    {
        var actor = await actors.Get(cancellationToken);
        return await writer.Write(
            async scope => await scope.Db.ApiTokens.Where(t => t.Id == id && t.UserId == actor.UserId && t.RevokedAt == null)
                .ExecuteUpdateAsync(s => s.SetProperty(t => t.RevokedAt, scope.Now)) == 1,
            cancellationToken);
    }

    internal static ApiToken Add(WriteScope scope, Guid userId, Guid teamId, string name, string secret, DateTimeOffset? expiresAt)
    {
        var row = new ApiToken
        {
            Id = Guid.NewGuid(),
            UserId = userId,
            TeamId = teamId,
            Name = name,
            Hash = Secrets.Hash(secret),
            CreatedAt = scope.Now,
            ExpiresAt = expiresAt,
        };
        scope.Db.ApiTokens.Add(row);
        return row;
    }

    private static TokenInfo Info(ApiToken t) => new(t.Id, t.Name, t.CreatedAt, t.ExpiresAt, t.LastUsedAt);
}
