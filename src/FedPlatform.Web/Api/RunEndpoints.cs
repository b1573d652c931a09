using System.Text;
using FedPlatform.Contracts.Runs;
using FedPlatform.Contracts.Specs;
using FedPlatform.Datasets.Specs;
using FedPlatform.Web.Datasets;
using FedPlatform.Web.Runs;

namespace FedPlatform.Web.Api;

/// <summary><c>/api/v1/runs</c>.</summary>
internal static class RunEndpoints
{
    private const int LargestSpec = 1 << 20;

    public static void MapRuns(this IEndpointRouteBuilder api)
    {
        var runs = api.MapGroup("/runs").WithTags("Runs");
        runs.MapPost("", Create).WithSummary("Queue a run").WithDescription("The body is a RunSpec in JSON or YAML; every field but the data set has a default.")
            // The last one lets every other type in as far as the reader, which refuses it with a reason.
            .Accepts<RunSpec>("application/json", "application/yaml", "*/*").Produces<CreatedRun>(StatusCodes.Status201Created).ProducesValidationProblem();
        runs.MapGet("", List).WithSummary("Runs of your team, newest first").Produces<RunList>();
        runs.MapGet("/{id:guid}", Find).WithSummary("A run in its numbers, with its spec").Produces<RunResource>().ProducesProblem(StatusCodes.Status404NotFound);
        runs.MapGet("/{id:guid}/rounds", Rounds).WithSummary("Committed rounds after n, whole or curves only")
            .Produces<IReadOnlyList<RoundReport>>().ProducesProblem(StatusCodes.Status404NotFound);
        runs.MapGet("/{id:guid}/clients", Clients).WithSummary("Clients as the last round left them, with what they hold")
            .Produces<IReadOnlyList<ClientResource>>().ProducesProblem(StatusCodes.Status404NotFound);
        runs.MapGet("/{id:guid}/classes", Classes).WithSummary("Classes: training samples, group, accuracy of the generic model")
            .Produces<IReadOnlyList<ClassResource>>().ProducesProblem(StatusCodes.Status404NotFound);
        foreach (var command in Enum.GetValues<RunCommand>())
        {
#pragma warning disable CA1308 // addresses are lower case
            runs.MapPost("/{id:guid}/" + command.ToString().ToLowerInvariant(), (Guid id, IRunService service, CancellationToken cancellationToken) => Do(id, command, service, cancellationToken))
#pragma warning restore CA1308
                .WithSummary($"{command} a run").Produces<CommandDone>().ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict);
        }

        runs.MapGet("/{id:guid}/artifacts", Artifacts).WithSummary("Files that can be downloaded")
            .Produces<IReadOnlyList<Artifact>>().ProducesProblem(StatusCodes.Status404NotFound);
        runs.MapGet("/{id:guid}/artifacts/{artifact}", Download).WithSummary("Download a file").Produces(StatusCodes.Status200OK, contentType: "application/octet-stream")
            .ProducesProblem(StatusCodes.Status404NotFound);
    }

    /// <summary>The text of a spec in either language; null when it is of another type or too long.</summary>
    internal static async Task<(string? Text, IResult? Problem)> ReadSpec(HttpRequest request, CancellationToken cancellationToken)
    {
        var type = request.ContentType?.Split(';')[0].Trim() ?? "application/json";
        if (type is not ("application/json" or "text/json" or "application/yaml" or "application/x-yaml" or "text/yaml" or "text/x-yaml" or "text/plain"))
        {
            return (null, Results.Problem($"A spec is application/json or application/yaml, not {type}.", statusCode: StatusCodes.Status415UnsupportedMediaType));
        }

        var buffer = new char[8192];
        var text = new StringBuilder();
        using var reader = new StreamReader(request.Body, Encoding.UTF8);
        int read;
        while ((read = await reader.ReadAsync(buffer, cancellationToken)) > 0)
        {
            text.Append(buffer, 0, read);
            if (text.Length > LargestSpec)
            {
                return (null, Results.Problem($"A spec has at most {LargestSpec} characters.", statusCode: StatusCodes.Status413PayloadTooLarge));
            }
        }

        return (text.ToString(), null);
    }

    private static async Task<IResult> Create(HttpRequest request, IRunService service, RegisteredDatasets datasets, CancellationToken cancellationToken, Guid? parent = null)
    {
        var (text, wrong) = await ReadSpec(request, cancellationToken);
        if (wrong is not null)
        {
            return wrong;
        }

        var reading = await datasets.Check(text!, cancellationToken);
        if (reading.Spec is null)
        {
            return ApiProblems.Invalid(reading.Problems);
        }

        var made = await service.Create(reading.Spec, parent, cancellationToken);
        return made.Id is { } id
            ? Results.Created($"/api/v1/runs/{id}", new CreatedRun(id, RunState.Queued))
            : ApiProblems.Invalid(made.Problems);
    }

    private static async Task<IResult> List(
        IRunService service,
        CancellationToken cancellationToken,
        string? search = null,
        string? state = null,
        string? algorithm = null,
        string? dataset = null,
        string sort = "-created",
        int skip = 0,
        int take = 50)
    {
        RunState? wanted = null;
        if (!string.IsNullOrEmpty(state))
        {
            if (!Enum.TryParse<RunState>(state, ignoreCase: true, out var parsed) || !Enum.IsDefined(parsed))
            {
                return ApiProblems.Invalid([new SpecProblem("state", state, $"state must be one of {string.Join(", ", Enum.GetNames<RunState>())}, got '{state}'.")]);
            }

            wanted = parsed;
        }

        var filter = new RunFilter { Search = search, State = wanted, Algorithm = algorithm, Dataset = dataset, Sort = sort, Skip = skip, Take = take };
        var page = await service.List(filter, cancellationToken);
        return Results.Ok(new RunList([.. page.Rows.Select(RunResource.Of)], page.Total));
    }

    private static async Task<IResult> Find(Guid id, IRunService service, CancellationToken cancellationToken) =>
        await service.Find(id, cancellationToken) is { } detail ? Results.Ok(RunResource.Of(detail)) : ApiProblems.NotFound();

    private static async Task<IResult> Rounds(Guid id, IRunService service, CancellationToken cancellationToken, int after = 0, string content = "full") =>
        await service.Rounds(id, after, content == "curves" ? RoundContent.Curves : RoundContent.Full, cancellationToken) is { } rounds
            ? Results.Ok(rounds)
            : ApiProblems.NotFound();

    private static async Task<IResult> Clients(Guid id, IRunService service, CancellationToken cancellationToken)
    {
        if (await service.Find(id, cancellationToken) is null)
        {
            return ApiProblems.NotFound();
        }

        var partition = await service.Partition(id, cancellationToken);
        var last = await service.LastEvaluated(id, cancellationToken);
        var count = Math.Max(partition?.ClientSizes.Count ?? 0, last?.Clients.Count ?? 0);
        return Results.Ok(Enumerable.Range(0, count).Select(k => new ClientResource(
            k,
            partition?.ClientSizes[k] ?? last!.Clients[k].Samples,
            partition?.Counts[k],
            partition?.LocalTestCounts[k],
            last?.Clients.FirstOrDefault(c => c.Id == k))).ToList());
    }

    private static async Task<IResult> Classes(Guid id, IRunService service, CancellationToken cancellationToken)
    {
        if (await service.Find(id, cancellationToken) is not { } detail)
        {
            return ApiProblems.NotFound();
        }

        if (await service.Partition(id, cancellationToken) is not { } partition)
        {
            return Results.Ok(Array.Empty<ClassResource>());
        }

        var last = await service.LastEvaluated(id, cancellationToken);
        var groups = detail.Spec.Evaluation.GroupRule == "cumulative" ? partition.GroupsByCumulative : partition.GroupsByCounts;
        return Results.Ok(partition.ClassNames.Select((name, c) => new ClassResource(
            c,
            name,
            partition.ClassCounts[c],
            groups[c],
            last is not null && c < last.PerClass.Count ? last.PerClass[c] : null,
            last is not null && c < last.PerClassClassifier.Count ? last.PerClassClassifier[c] : null,
            last?.Round)).ToList());
    }

    private static async Task<IResult> Do(Guid id, RunCommand command, IRunService service, CancellationToken cancellationToken)
    {
        var outcome = await service.Command(id, command, cancellationToken);
        if (outcome.Result == CommandResult.NotFound)
        {
            return ApiProblems.NotFound();
        }

        var state = (await service.Find(id, cancellationToken))!.Row.Summary.State;
        return outcome.Result == CommandResult.Done
            ? Results.Ok(new CommandDone(id, state))
            : Results.Problem(
                outcome.Message, statusCode: StatusCodes.Status409Conflict, title: "The run's state does not allow it.",
                extensions: new Dictionary<string, object?> { ["state"] = state });
    }

    private static async Task<IResult> Artifacts(Guid id, IRunService service, CancellationToken cancellationToken) =>
        await service.Artifacts(id, cancellationToken) is { } artifacts ? Results.Ok(artifacts) : ApiProblems.NotFound();

    internal static async Task<IResult> Download(Guid id, string artifact, IRunService service, CancellationToken cancellationToken) =>
        await service.OpenArtifact(id, artifact, cancellationToken) is { } content
            ? Results.File(content.Stream, content.ContentType, content.Name)
            : ApiProblems.NotFound("artifact");
}

public sealed record CreatedRun(Guid Id, RunState State);

public sealed record RunList(IReadOnlyList<RunResource> Runs, int Total);

public sealed record CommandDone(Guid Id, RunState State);

/// <param name="Counts">[C] training samples a class; null until the run's process has made the partition.</param>
/// <param name="LocalTestCounts">[C] local test samples a class.</param>
/// <param name="Report">As of the last evaluated round.</param>
public sealed record ClientResource(int Id, int Samples, IReadOnlyList<int>? Counts, IReadOnlyList<int>? LocalTestCounts, ClientReport? Report);

/// <param name="Gm">Top-1 of the generic model, last evaluated round.</param>
/// <param name="GmClassifier">The same of the classifier that trains the backbone.</param>
public sealed record ClassResource(int Id, string Name, int TrainCount, string Group, double? Gm, double? GmClassifier, int? Round);
