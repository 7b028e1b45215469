//! `/desk/reports/{id}/documents`: attaching, fetching and taking away the documents of a report.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use super::reports::draw;
use super::table::{Table, report_id};
use crate::documents::{self as files, DocumentId};
use crate::error::{AppError, AppResult};
use crate::impact::reports::{documents, model};
use crate::kernel::Line;
use crate::partners::PartnerStaff;
use crate::web::site::see;
use crate::web::typed::{Mend, Typed};
use crate::web::{Path, Site, UploadForm};

fn document_id(text: &str) -> AppResult<DocumentId> {
    text.parse()
        .map_err(|_| AppError::NotFound("this document"))
}

/// Attaches the file of field `document` under the title of field `name`.
pub(super) async fn attach(
    site: Data<Site>,
    request: HttpRequest,
    staff: PartnerStaff,
    path: Path<String>,
    form: UploadForm<Typed>,
) -> AppResult<HttpResponse> {
    let id = report_id(&path.0)?;
    let UploadForm { fields, mut files } = form;
    let table = Table::new(&site, &request, staff.clone());
    let now = table.now();
    let asking = staff.clone();
    site.db
        .read(move |c| model::of_staff(c, &asking, id))
        .await?;
    let name = Line::parse(fields.text("name"), 160).map_err(|bad| AppError::field("name", bad));
    let bytes = files
        .take("document")
        .ok_or_else(|| AppError::field("document", "choose a file"));
    let taken = match (name, bytes) {
        (Ok(name), Ok(bytes)) => files::take(&site, staff.user(), "document", name, bytes).await,
        (Err(error), _) | (_, Err(error)) => Err(error),
    };
    let done = match taken {
        Err(error) => Err(error),
        Ok(new) => {
            site.db
                .tx(move |c| {
                    model::of_staff(c, &staff, id)?;
                    documents::attach(c, id, &new, now)
                })
                .await
        }
    };
    match done {
        Ok(()) => Ok(see(&format!("/desk/reports/{id}?done=attached#documents"))),
        Err(error) => draw(&table, id, &fields, Mend::of(error)?).await,
    }
}

/// Hands a document to somebody of the partner's staff.
pub(super) async fn hand_out(
    site: Data<Site>,
    staff: PartnerStaff,
    path: Path<(String, String)>,
) -> AppResult<HttpResponse> {
    let (report, document) = (report_id(&path.0.0)?, document_id(&path.0.1)?);
    let found = site
        .db
        .read(move |c| documents::for_staff(c, &staff, document))
        .await?;
    if documents::report_of(&found) != Some(report) {
        return Err(AppError::NotFound("this document"));
    }
    files::download(&site, &found).await
}

/// Takes a document away.
pub(super) async fn detach(
    site: Data<Site>,
    request: HttpRequest,
    staff: PartnerStaff,
    path: Path<(String, String)>,
    form: crate::web::CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let (id, document) = (report_id(&path.0.0)?, document_id(&path.0.1)?);
    let table = Table::new(&site, &request, staff.clone());
    let now = table.now();
    let done = site
        .db
        .tx(move |c| {
            model::of_staff(c, &staff, id)?;
            documents::detach(c, (id, document), now)
        })
        .await;
    match done {
        Ok(()) => Ok(see(&format!("/desk/reports/{id}?done=detached#documents"))),
        Err(error) => draw(&table, id, &form.0, Mend::of(error)?).await,
    }
}
