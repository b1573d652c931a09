using FedPlatform.Contracts;
using FedPlatform.Contracts.Runs;
using FedPlatform.Contracts.Specs;
using FedPlatform.Datasets;
using FedPlatform.Web.Datasets;
using FedPlatform.Web.Identity;
using Microsoft.OpenApi;

namespace FedPlatform.Web.Api;

/// <summary>REST under <c>/api/v1</c>: bearer tokens only, ProblemDetails for every error, described at <c>/openapi/v1.json</c>.</summary>
public static class ApiV1
{
    public static WebApplicationBuilder AddApi(this WebApplicationBuilder builder)
    {
        builder.Services.ConfigureHttpJsonOptions(json => ContractJson.Configure(json.SerializerOptions));
        builder.Services.AddProblemDetails();
        builder.Services.AddOpenApi("v1", options => options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info.Title = "FedPlatform";
            document.Info.Description = "Federated training on long-tailed data.";
            document.Components ??= new OpenApiComponents();
            document.Components.SecuritySchemes ??= new Dictionary<string, IOpenApiSecurityScheme>();
            document.Components.SecuritySchemes["bearer"] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer", Description = "A personal access token." };
            document.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference("bearer", document)] = [] }];
            return Task.CompletedTask;
        }));
        return builder;
    }

    public static void MapApi(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapOpenApi("/openapi/{documentName}.json").AllowAnonymous();
        var api = endpoints.MapGroup("/api/v1").RequireAuthorization(IdentityServices.ApiPolicy).AddEndpointFilter(ActAsCaller);
        api.MapRuns();
        api.MapGet("/datasets", (IDatasetService service, CancellationToken cancellationToken) => service.List(cancellationToken))
            .WithTags("Data sets").WithSummary("Registered data sets; an absent or broken one with the reason").Produces<IReadOnlyList<DatasetListing>>();
        api.MapPost("/partition-preview", Preview).WithTags("Data sets").WithSummary("Who would hold what, from the same code as the run")
            .Accepts<RunSpec>("application/json", "application/yaml", "*/*").Produces<PartitionReport>().ProducesValidationProblem();

        // An address that does not exist is a 404 of the API, not a page; and is as closed as the rest.
        api.Map("/{**rest}", () => ApiProblems.NotFound("address")).ExcludeFromDescription();

        // Pages download by their cookie, through the same service.
        endpoints.MapGet("/runs/{id:guid}/artifacts/{artifact}/download", RunEndpoints.Download).ExcludeFromDescription()
            .AddEndpointFilter(ActAsCaller);
    }

    /// <summary>The principal of the endpoint's own scheme acts; no circuit's, no other scheme's.</summary>
    private static ValueTask<object?> ActAsCaller(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        context.HttpContext.RequestServices.GetRequiredService<CurrentActor>().Use(context.HttpContext.User);
        return next(context);
    }

    private static async Task<IResult> Preview(HttpRequest request, RegisteredDatasets datasets, IDatasetService service, CancellationToken cancellationToken)
    {
        var (text, wrong) = await RunEndpoints.ReadSpec(request, cancellationToken);
        if (wrong is not null)
        {
            return wrong;
        }

        var reading = await datasets.Check(text!, cancellationToken);
        if (reading.Spec is null)
        {
            return ApiProblems.Invalid(reading.Problems);
        }

        var preview = await service.Preview(reading.Spec, cancellationToken);
        return preview.Report is null ? ApiProblems.Invalid(preview.Problems) : Results.Ok(preview.Report);
    }
}
