namespace FedPlatform.Web.Identity;

/// <summary>Personal access tokens of the current actor, for the API and the run hub.</summary>
public interface ITokenService
{
    Task<IReadOnlyList<TokenInfo>> List(CancellationToken cancellationToken);

    /// <summary>The token itself is shown this once: only its hash is kept.</summary>
    Task<NewToken> Create(string name, DateTimeOffset? expiresAt, CancellationToken cancellationToken);

    /// <summary>False when the actor has no such token.</summary>
    Task<bool> Revoke(Guid id, CancellationToken cancellationToken);
}

public sealed record TokenInfo(Guid Id, string Name, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt, DateTimeOffset? LastUsedAt);

public sealed record NewToken(TokenInfo Info, string Token);
