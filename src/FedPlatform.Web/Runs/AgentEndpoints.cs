using System.Globalization;
using System.Security.Claims;
using FedPlatform.Contracts.Agents;
using FedPlatform.Contracts.Runs;
using FedPlatform.Data.Runs;
using FedPlatform.Web.Identity;
using FedPlatform.Web.Persistence;
using Microsoft.EntityFrameworkCore;

namespace FedPlatform.Web.Runs;

/// <summary>What a run's process asks by HTTP, as <see cref="AgentProtocol"/> says.</summary>
internal static class AgentEndpoints
{
    /// <summary>A round of many clients and classes is some megabytes of JSON.</summary>
    private const long LargestBody = 256L << 20;

    public static void MapAgentApi(this IEndpointRouteBuilder endpoints)
    {
        var runs = endpoints.MapGroup("/agent/v1/runs/{run:guid}").RequireAuthorization(IdentityServices.AgentPolicy).ExcludeFromDescription()
            .WithMetadata(new Microsoft.AspNetCore.Mvc.RequestSizeLimitAttribute(LargestBody))
            .AddEndpointFilter(OwnRunOnly);
        runs.MapGet("", Assignment);
        runs.MapPost("lease", Renew);
        runs.MapPost("partition", Partition);
        runs.MapPost("rounds", Commit);
        runs.MapPost("end", End);
    }

    /// <summary>A lease's token opens its own run and no other.</summary>
    private static async ValueTask<object?> OwnRunOnly(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var http = context.HttpContext;
        return http.User.FindFirstValue(LeaseAuthentication.RunClaim) == http.GetRouteValue("run")?.ToString()
            ? await next(context)
            : Results.Problem("There is no such run.", statusCode: StatusCodes.Status404NotFound);
    }

    private static async Task<IResult> Assignment(Guid run, HttpContext context, RunLeases leases, CancellationToken cancellationToken)
    {
        if (Epoch(context) is not { } epoch || await leases.Attach(run, epoch, cancellationToken) is not { } row)
        {
            return Fenced();
        }

        return Results.Ok(new RunAssignment
        {
            RunId = row.Id,
            Spec = row.Spec(),
            CurrentRound = row.CurrentRound,
            Checkpoint = row.CheckpointName,
            CheckpointSha256 = row.CheckpointSha256,
        });
    }

    private static async Task<LeaseAnswer> Renew(Guid run, LeaseRenewal renewal, RunLeases leases, CancellationToken cancellationToken) =>
        await leases.Renew(run, renewal, cancellationToken);

    private static async Task<IResult> Partition(Guid run, PartitionReport report, HttpContext context, DatabaseWriter writer, CancellationToken cancellationToken)
    {
        var epoch = Epoch(context);
        var packed = PackedReport.Pack(report);
        var held = await writer.Write(
            async scope =>
            {
                var row = await scope.Run(run);
                if (epoch is null || !RunLeases.Holds(row, epoch.Value))
                {
                    return false;
                }

                // The same plan at every start: the first report stands.
                if (!await scope.Db.Partitions.AnyAsync(p => p.RunId == run))
                {
                    scope.Db.Partitions.Add(new PartitionRecord { RunId = run, Report = packed });
                    foreach (var warning in report.Warnings)
                    {
                        scope.EmitLog(row!, "warning", warning);
                    }
                }

                return true;
            },
            cancellationToken);
        return held ? Results.Ok() : Fenced();
    }

    private static async Task<IResult> Commit(Guid run, RoundCommit commit, HttpContext context, RoundCommits commits, CancellationToken cancellationToken)
    {
        if (Epoch(context) is { } epoch && epoch != commit.Epoch)
        {
            return Fenced();
        }

        var outcome = await commits.Commit(run, commit, cancellationToken);
        return outcome.Result switch
        {
            CommitResult.Committed or CommitResult.Repeated => Results.Ok(),
            CommitResult.Fenced => Results.Problem(outcome.Message, statusCode: StatusCodes.Status409Conflict, title: "Fenced"),
            _ => Results.Problem(outcome.Message, statusCode: StatusCodes.Status422UnprocessableEntity, title: "The commit does not hold"),
        };
    }

    private static async Task<IResult> End(Guid run, RunEnd end, RunEnds ends, CancellationToken cancellationToken) =>
        await ends.End(run, end, cancellationToken) ? Results.Ok() : Fenced();

    private static long? Epoch(HttpContext context) =>
        long.TryParse(context.Request.Headers[AgentProtocol.EpochHeader], NumberStyles.None, CultureInfo.InvariantCulture, out var epoch) ? epoch : null;

    private static IResult Fenced() =>
        Results.Problem("Another process holds the run.", statusCode: StatusCodes.Status409Conflict, title: "Fenced");
}
