namespace FedPlatform.Web.Identity;

/// <summary>Who acts: from the cookie of a page's circuit or from a bearer token, never from both.</summary>
public interface ICurrentActor
{
    /// <summary>The actor, or an <see cref="UnauthorizedAccessException"/> when nobody is signed in.</summary>
    Task<Actor> Get(CancellationToken cancellationToken);
}

public sealed record Actor(Guid UserId, string Name, Guid TeamId, string TeamName, TeamRole Role)
{
    /// <summary>True when the actor may start, stop and clone runs.</summary>
    public bool MayRun => Role >= TeamRole.Member;
}

public enum TeamRole
{
    Viewer,
    Member,
    Maintainer,
    Owner,
}
